;; Emacs's websocket.el as a client: `emacs -Q --batch -l websocket.el URL`, and as a server with a PORT.
;; The client prints what each check saw, as lines of JSON.  -*- lexical-binding: t -*-

(package-initialize)
(require 'websocket)

(defvar events nil)
(defvar where (pop command-line-args-left))

(defun say (check seen) (princ (format "[%S, %S]\n" check (format "%s" seen))))

(defun put (event) (setq events (append events (list event))))

(defun next ()
  (with-timeout (60 (list 'nothing))
    (while (null events) (accept-process-output nil 1))
    (pop events)))

;; It leaves it to us to join fragments.
(defun join (socket frame then)
  (let ((frames (cons frame (unless (memq (websocket-frame-opcode frame) '(text binary))
                              (websocket-client-data socket)))))
    (setf (websocket-client-data socket) frames)
    (when (websocket-frame-completep frame)
      (funcall then (websocket-frame-opcode (car (last frames)))
               (mapconcat #'websocket-frame-payload (reverse frames) "")))))

(defun connect (path &optional protocols)
  (setq events nil)
  (prog1 (websocket-open
          (concat where path)
          :protocols protocols
          :on-open (lambda (_) (put '(open)))
          :on-message (lambda (socket frame)
                        (join socket frame (lambda (kind bytes)
                                      (put (list kind (if (eq kind 'text) (decode-coding-string bytes 'utf-8) bytes))))))
          :on-error (lambda (_ callback problem) (put (list 'error callback problem)))
          :on-close (lambda (_) (put '(closed))))
    (unless (equal (next) '(open)) (error "It does not open"))))

(defun echoes (kind)
  (let ((socket (connect "/ws/echo")))
    (dolist (size (list 0 125 126 65535 65536 (ash 1 20)) socket)
      (let ((sent (if (eq kind 'text)
                      (concat (make-string (/ size 2) ?ä) (make-string (% size 2) ?a))
                    (make-string size 200))))
        (websocket-send socket (make-websocket-frame
                                :opcode kind :completep t
                                :payload (if (eq kind 'text) (encode-coding-string sent 'utf-8)
                                           (encode-coding-string sent 'latin-1))))
        (let ((back (next)))
          (say (format "%s of %d bytes" kind size)
               (if (equal back (list kind (if (eq kind 'text) sent (encode-coding-string sent 'latin-1)))) "echoed"
                 (car back))))))))

;; It copies all that it has with each part that comes, so that 5 MiB take minutes.
(defun skip (kind) (say (format "%s of %d bytes" kind (* 5 (ash 1 20))) "not tried"))

(defun ended ()
  (let (event)
    (while (not (memq (car (setq event (next))) '(closed nothing))))
    (if (eq (car event) 'closed) "no code" "nothing")))

(defun check-all ()
  (let ((socket (echoes 'text)))
    (skip 'text)
    ;; It has no way to tell a code.
    (websocket-close socket)
    (say "close by the client" (ended))
    (echoes 'binary)
    (skip 'binary)
    (setq socket (connect "/ws/chat" '("chat")))
    (say "subprotocol" (mapconcat #'identity (websocket-negotiated-protocols socket) ","))
    (websocket-send-text socket (make-string 70000 ?x))
    (say "close by the server" (ended))
    (say "refusal" (condition-case problem
                       (progn (connect "/nothing") "opened")
                     (websocket-received-error-http-response (cadr problem))
                     (error "refused")))))

(if (string-match-p "\\`[0-9]+\\'" where)
    (progn
      (websocket-server (string-to-number where)
                        :host 'local
                        :on-message (lambda (socket frame)
                                      (join socket frame (lambda (kind bytes)
                                                           (websocket-send socket (make-websocket-frame
                                                                            :opcode kind :completep t :payload bytes))))))
      (while t (accept-process-output nil 60)))
  (condition-case problem (check-all) (error (say "the rest" problem))))
